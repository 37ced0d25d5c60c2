"""``/v1/openapi.json`` is a valid document, says all that the API does, and the API does what it says."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.api.serving import serving

from zhiyin.entrypoints import api
from zhiyin.entrypoints.api import forms_openapi, messages_openapi, openapi, track
from zhiyin.loop.profile import segment_json
from zhiyin.services.workspace import Workspace

UNFIT = (
    "negative_data_rejection",  # a message of any shape is accepted, and kept with its reason among the rejects
    "positive_data_acceptance",  # a message may be larger than a server takes, which no schema can say
    "ignored_auth",  # OPTIONS and the document are open to all, and a body may name the key
)


def served(port: int, method: str = "GET", path: str = openapi.PATH) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path)
    response = connection.getresponse()
    answer = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return answer


def test_it_is_a_valid_openapi_3_1_document() -> None:
    assert list(OpenAPIV31SpecValidator(json.loads(json.dumps(openapi.document()))).iter_errors()) == []


def test_every_path_and_every_status_that_the_api_knows_is_in_it() -> None:
    document: dict[str, Any] = openapi.document()
    own = (*messages_openapi.PATHS, *forms_openapi.PATHS)
    assert set(document["paths"]) == {*track.PATHS, openapi.PATH, openapi.SCHEMA_PATH, *own}
    sources = [path.read_text() for path in Path(api.__file__).parent.glob("*.py")]
    refusals = {found for text in sources for found in re.findall(r"Refused\(\s*(\d{3})", text)}
    assert {"400", "401", "404", "405", "408", "413", "415", "429", "503"} == refusals
    for path in track.PATHS:
        methods = document["paths"][path]
        assert set(methods) == {"post", "options"}
        assert set(methods["post"]["responses"]) == {"200", *refusals}
        assert set(methods["options"]["responses"]) == {"204"}


def test_it_is_served_to_everybody_and_can_only_be_read(workspace: Workspace) -> None:
    with serving(workspace) as post:
        status, headers, body = served(post.port)
        assert (status, headers["content-type"]) == (200, "application/json")
        assert json.loads(body) == json.loads(json.dumps(openapi.document()))
        assert (served(post.port, "HEAD")[0], served(post.port, "HEAD")[2]) == (200, b"")
        assert served(post.port, "POST")[0] == 405
        status, headers, body = served(post.port, path=openapi.SCHEMA_PATH)
        assert (status, headers["content-type"]) == (200, "application/json")
        assert json.loads(body) == json.loads(json.dumps(segment_json.schema()))
        assert served(post.port, "PUT", openapi.SCHEMA_PATH)[0] == 405


def test_whatever_a_tool_makes_of_the_document_is_answered_as_it_says(
    workspace: Workspace, tmp_path: Path
) -> None:
    # one of each kind: the other paths differ in nothing but the type of the message
    served_here = ("/v1/track", "/v1/b", openapi.PATH, openapi.SCHEMA_PATH)
    chosen = [part for path in served_here for part in ("--include-path", path)]
    with serving(workspace) as post:
        command = [
            sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run",
            f"http://127.0.0.1:{post.port}{openapi.PATH}", "--header", f"Authorization: Bearer {post.key}",
            "--checks", "all", "--exclude-checks", ",".join(UNFIT), "--max-examples", "5", *chosen,
            "--generation-deterministic", "--no-color",
        ]  # fmt: skip
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
