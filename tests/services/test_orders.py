"""One order counts once, whether a browser, a server or a file tells of it, in whatever order and however often."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from itertools import count, permutations, product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law
from tests.services.test_ingest import tallies

from zhiyin.adapters.children import Children
from zhiyin.adapters.lake.store import Lake
from zhiyin.adapters.records.models import Customer
from zhiyin.adapters.spool import SpoolMemory
from zhiyin.loop.collect.repair_rules import find
from zhiyin.services import customers, imports, ingest, overview, privacy, profiles, replays
from zhiyin.services.rejects import Filter
from zhiyin.services.workspace import Workspace

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BROWSER = {"context": {"userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0"}}
Tell = Callable[[Workspace], None]


def send(ws: Workspace, *payloads: dict[str, Any]) -> None:
    """A batch with these payloads, moved."""
    entry = {"receivedAt": AT, "source": "web", "kind": "batch", "body": {"batch": payloads}}
    ws.spool.append([msgspec.json.encode(entry)])
    ws.spool.close()
    while ingest.drain(ws):
        pass


def order(message: str, number: Any = "T-1001", name: str = "Order Completed", **who: Any) -> dict[str, Any]:
    properties = {"order_id": number, "total": 10}
    return {"type": "track", "event": name, "messageId": message, "properties": properties, **who}


def by_file(ws: Workspace, *rows: tuple[str, str, str], kind: str = "orders") -> imports.ImportResult:
    """An import of orders: id, customer, status."""
    path = ws.folder / "shop.csv"
    lines = [f"{number},{who},2026-02-03,10,{status}" for number, who, status in rows]
    path.write_text("\n".join(["order_id,customer_id,date,total,status", *lines]))
    return imports.run(ws, kind, [path])


def web(ws: Workspace) -> None:
    """The page of thanks, reloaded."""
    for message in ("w1", "w2", "w2"):
        send(ws, order(message, anonymousId="visitor", userId="ann", **BROWSER))


def unnamed(ws: Workspace) -> None:
    """The same where the page does not know her."""
    send(ws, *(order(message, anonymousId="stranger", **BROWSER) for message in ("u1", "u2")))
    send(ws, order("u3", anonymousId="stranger", **BROWSER))


def server(ws: Workspace) -> None:
    send(ws, order("s1", " T-1001", userId="ann"), order("s2", userId="ann"))


def file(ws: Workspace) -> None:
    by_file(ws, ("T-1001", "ann", "paid"))


def ann(ws: Workspace) -> tuple[int, int]:
    """Orders and revenue of her row."""
    row = Customer.objects.get(pk="ann")
    return row.orders, row.revenue


def sold(ws: Workspace) -> tuple[int, int]:
    """The same of the whole shop, by the overview."""
    weeks = overview.weekly(ws)
    return sum(week.orders for week in weeks), sum(week.revenue for week in weeks)


@pytest.fixture
def shop(make_workspace: Callable[..., Workspace]) -> Callable[[str], Workspace]:
    return lambda name: dataclasses.replace(make_workspace(name), now=lambda: AT + timedelta(hours=1))


@pytest.fixture
def workspace(shop: Callable[[str], Workspace]) -> Workspace:
    return shop("shop")


@pytest.mark.parametrize("first", [web, unnamed])
def test_one_order_by_web_server_and_file_counts_once_in_any_order(
    shop: Callable[[str], Workspace], first: Tell
) -> None:
    for number, doors in enumerate(permutations((first, server, file))):
        ws = shop(f"shop-{number}")
        for door in doors:
            door(ws)
            if door is server and file not in doors[: doors.index(door)] and doors[0] is not web:
                assert ann(ws) == (1, 1000)  # at once
        profiles.run(ws)
        assert ann(ws) == (1, 1000), doors
        assert sold(ws) == (1, 1000), doors
        counted = tallies()
        assert counted["received"] == sum(n for outcome, n in counted.items() if outcome != "received")
        assert counted["kept"] + counted["duplicate"] == 5
        shown = [entry.event for entry in customers.timeline(ws, "ann").entries if entry.event]
        assert [event.order_id for event in shown] == ["T-1001"]


def test_every_door_gives_the_same_ids(workspace: Workspace) -> None:
    send(workspace, order("a", 1, userId="ann"), order("b", "2", "Order Cancelled", userId="ann"))
    send(
        workspace,
        order("c", 3, anonymousId="v"),
        order("d", None, userId="ann"),
        order("e", "N/A", userId="ann"),
    )
    by_file(workspace, ("4", "ann", "cancelled"), ("5", "", "paid"))
    path = workspace.folder / "events.csv"
    path.write_text("event,order_id,user_id,anonymous_id,time,message_id\n"
                    "Order Completed,6,ann,,2026-02-03,x\nOrder Cancelled,7,,v,2026-02-03,y\n"
                    "Order Refunded,6,ann,,2026-02-03,z\nOrder Completed,1,ann,,2026-01-03,q\n")  # fmt: skip
    imports.run(workspace, "events", [path])
    rows = workspace.lake.collect(workspace.lake.events().select("event_id"))
    assert sorted(rows["event_id"].to_pylist()) == sorted(
        ["order:1", "cancel:2", "guest:order:3", "d", "e", "order:4", "cancel:4", "guest:order:5", "order:6",
         "guest:cancel:7", "z"]
    )  # fmt: skip


def test_a_cancellation_after_an_order_subtracts_once(workspace: Workspace) -> None:
    server(workspace)
    for message in ("c1", "c2"):
        send(workspace, order(message, name="Order Cancelled", userId="ann"))
    assert ann(workspace) == (0, 0)
    assert by_file(workspace, ("T-1001", "ann", "cancelled")).new == 0
    profiles.run(workspace)
    assert ann(workspace) == (0, 0)


def test_several_refunds_of_an_order_all_count(workspace: Workspace) -> None:
    server(workspace)
    refunds = [order(message, name="Order Refunded", userId="ann") for message in ("r1", "r2", "r2")]
    for refund in refunds:
        refund["properties"] = {"order_id": "T-1001", "total": 3}
    send(workspace, *refunds)
    assert ann(workspace) == (1, 400)


def test_an_order_is_known_for_longer_than_messages_are(workspace: Workspace) -> None:
    then = dataclasses.replace(workspace, now=lambda: AT)
    send(then, order("s1", userId="ann"), {"type": "page", "userId": "ann", "messageId": "p1"})
    later = dataclasses.replace(workspace, now=lambda: AT + timedelta(days=400))
    send(later, {"type": "page", "userId": "ann", "messageId": "p2"})
    send(later, order("s9", userId="ann"), {"type": "page", "userId": "ann", "messageId": "p1"})
    assert ingest.counts(workspace) == {"Order Completed": 1, "page": 3}


def test_a_refused_order_may_come_again(workspace: Workspace) -> None:
    wrong = order("m1", userId="ann")
    send(workspace, wrong | {"properties": wrong["properties"] | {"currency": "XYZ"}})
    send(workspace, order("m2", userId="ann"))
    assert ann(workspace) == (1, 1000)


def test_a_repaired_order_that_came_another_way_meanwhile_is_known(workspace: Workspace) -> None:
    wrong = order("m1", userId="ann")
    send(workspace, wrong | {"properties": wrong["properties"] | {"total": -10}})
    server(workspace)
    where, positive = Filter(reason="negative_price"), find("positive")
    assert positive
    assert replays.trial(workspace, where, positive).known == 1
    assert replays.replay(workspace, where, positive).kept == 1  # by what is there already
    assert ann(workspace) == (1, 1000)
    assert workspace.lake.count("rejects") == 0


def test_a_lost_memory_learns_the_orders_from_the_lake(workspace: Workspace) -> None:
    server(workspace)
    unnamed(workspace)
    by_file(workspace, ("T-1002", "ann", "paid"))
    for path in workspace.spool.folder.glob("memory.sqlite3*"):
        path.unlink()
    send(workspace, order("s3", userId="ann"), order("s4", "T-1002", userId="ann"))
    assert ann(workspace) == (1, 1000)
    assert workspace.lake.count("events") == 2


def test_a_guests_order_that_turns_out_to_be_a_customers_counts_for_her(workspace: Workspace) -> None:
    unnamed(workspace)
    assert sold(workspace) == (1, 1000)
    send(workspace, {"type": "identify", "userId": "ann", "anonymousId": "stranger", "messageId": "i"})
    send(workspace, order("u4", anonymousId="stranger", **BROWSER))
    send(workspace, order("s1", userId="ann"), order("u5", anonymousId="another", **BROWSER))
    assert (ann(workspace), sold(workspace)) == ((1, 1000), (1, 1000))


def test_a_client_cannot_take_the_id_of_an_order(workspace: Workspace) -> None:
    send(workspace, order("order:T-1001", userId="eve"), order("guest:order:T-1001", userId="eve"))
    server(workspace)
    assert ann(workspace) == (1, 1000)
    assert workspace.lake.count("rejects") == 2


def test_after_an_erasure_an_order_is_still_known_by_its_hash(workspace: Workspace) -> None:
    server(workspace)
    privacy.erase(workspace, "ann")
    assert SpoolMemory(workspace.spool.folder).known_orders(["order:T-1001"]) == {"order:T-1001"}
    assert not [
        path for path in workspace.folder.rglob("*") if path.is_file() and b"T-1001" in path.read_bytes()
    ]


@pytest.mark.parametrize(("owner", "name"), [(Lake, "append_new"), (SpoolMemory, "tell")])
def test_an_import_that_dies_before_lake_or_memory_loses_and_doubles_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    send(workspace, order("s0", "T-1", userId="ann"))

    def dying(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dying)
        with pytest.raises(KeyboardInterrupt):
            by_file(workspace, ("T-1001", "ann", "paid"))
    send(workspace, order("s1", userId="ann"))
    by_file(workspace, ("T-1001", "ann", "paid"))
    profiles.run(workspace)
    assert ann(workspace) == (2, 2000)


def test_an_import_between_a_batch_that_died_and_its_second_taking_changes_nothing_of_it(
    shop: Callable[[str], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    @contextmanager
    def killed(*where: tuple[Any, str]) -> Iterator[None]:
        with monkeypatch.context() as patch:
            for owner, name in where:
                patch.setattr(owner, name, dying)
            with pytest.raises(KeyboardInterrupt) if where else nullcontext():
                yield

    deaths = (ingest.collected, "apply"), (SpoolMemory, "commit")
    for number, (death, *another) in enumerate(product(deaths, ((SpoolMemory, "tell"), None))):
        ws = shop(f"shop-{number}")
        send(ws, order("s0", "T-1", userId="ann"))
        with killed(death):
            send(ws, order("s1", userId="ann"), order("s2", "T-1", userId="ann"))
        with killed(*filter(None, another)):
            by_file(ws, ("T-1001", "ann", "paid"), ("T-1", "ann", "paid"), ("T-2", "ann", "paid"))
        send(ws, order("s3", userId="ann"), order("s4", "T-2", userId="ann"))
        assert ann(ws) == (2, 2000)  # those of files wait for the next profile
        profiles.run(ws)
        assert ann(ws) == (3, 3000)


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    found = Children("zhiyin.services.shares")
    yield found
    found.close()


numbers = count()
Fact = tuple[int, str, str, int]
told = st.tuples(
    st.integers(0, 3),  # order
    st.sampled_from(["web", "unnamed", "server"]),
    st.sampled_from(["Order Completed"] * 3 + ["Order Cancelled"]),
    st.integers(0, 3),  # message
)
steps = st.lists(
    st.tuples(st.just("batch"), st.booleans(), st.lists(told, min_size=1, max_size=5))
    | st.tuples(st.sampled_from(["orders", "events"]), st.booleans(), st.lists(told, min_size=1, max_size=3)),
    min_size=1,
    max_size=5,
)


@slow_law(5)
@given(history=steps)
def test_revenue_is_the_sum_over_distinct_orders_whatever_comes_how_often_and_in_what_order(
    make_workspace: Callable[..., Workspace],
    monkeypatch: pytest.MonkeyPatch,
    children: Children,
    history: list[tuple[str, bool, list[Fact]]],
) -> None:
    ws = make_workspace(f"law-{next(numbers)}")
    ws = dataclasses.replace(ws, now=lambda: AT, children=children)
    happened: dict[bool, set[tuple[str, int]]] = {True: set(), False: set()}  # whether a customer was named
    monkeypatch.setattr(ingest, "LARGE", 0)
    for how, several, facts in history:
        monkeypatch.setattr(ingest, "CORES", 3 if several else 1)
        for number, via, name, _ in facts:
            happened[via != "unnamed"].add((name, number))
            if how == "orders":  # an order that was called off was made
                happened[via != "unnamed"].add(("Order Completed", number))
        if how == "batch":
            send(ws, *(payload(*fact) for fact in facts))
        else:
            _import(ws, how, facts)
    profiles.run(ws)
    named, anybody = happened[True], happened[True] | happened[False]
    rows = Customer.objects.all()
    assert sum(row.revenue or 0 for row in rows) == _revenue(named)
    assert sold(ws) == (sum(name == "Order Completed" for name, _ in anybody), _revenue(anybody))


def payload(number: int, via: str, name: str, message: int) -> dict[str, Any]:
    who = {
        "web": {"anonymousId": f"v{number}", "userId": f"c{number}", **BROWSER},
        "unnamed": {"anonymousId": f"x{message}", **BROWSER},
        "server": {"userId": f"c{number}"},
    }[via]
    return order(f"{via}-{name}-{number}-{message}", number, name, **who) | {
        "properties": {"order_id": number, "total": 2**number}
    }


def _import(ws: Workspace, kind: str, facts: list[Fact]) -> None:
    head = {
        "events": "event,event_id,order_id,customer_id,anonymous_id,timestamp,amount",
        "orders": "status,line,order_id,customer_id,visitor,date,total",
    }
    lines = [head[kind]]
    for number, via, name, message in facts:
        what = name if kind == "events" else name.removeprefix("Order ").lower()
        who = "" if via == "unnamed" else f"c{number}"
        lines.append(f"{what},f{message},{number},{who},v,2026-02-0{1 + message},{2**number}")
    path = ws.folder / "shop.csv"
    path.write_text("\n".join(lines))
    imports.run(ws, kind, [path])


def _revenue(facts: set[tuple[str, int]]) -> int:
    return sum((1 if name == "Order Completed" else -1) * 100 * 2**number for name, number in facts)
