"""What customers state, in one form; and what is assumed of the others, who are exactly those who did not state it."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.domain.customer import as_text
from zhiyin.domain.feature import FEATURES, Owner
from zhiyin.loop.profile import stated as verb
from zhiyin.loop.profile.regions import REGIONS, region
from zhiyin.loop.profile.stated import ENOUGH, GOES_BY, Learnt
from zhiyin.loop.profile.stated_values import age, age_of_birth, gender, income, income_level, occupation

TODAY = date(2026, 3, 1)
SCHEMA = pa.schema([("customer_id", pa.string()), ("traits", pa.string())])
Rows = list[dict[str, object]]


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("35", 35), ("35.0", 35), ("３５岁", 35), ("35 years old", 35), ("25-34", 29), ("12", None), ("111", None),
     ("-5", None), ("90后", None), ("", None)],
)  # fmt: skip
def test_ages(text: str, meant: int | None) -> None:
    assert age(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1990-03-01", 36), ("1990-03-02", 35), ("1990/3/2", 35), ("1990年3月2日", 35), ("19900302", 35), ("1990", 36),
     ("1990年", 36), ("1990-02-30", None), ("1899", None), ("2025-01-01", None), ("1990-03-02T08:00:00Z", 35)],
)  # fmt: skip
def test_birthdays(text: str, meant: int | None) -> None:
    assert age_of_birth(text, TODAY) == meant


@pytest.mark.parametrize(
    ("texts", "meant"),
    [(("F", "female", " 女 ", "女士", "Ms."), "female"), (("m", "MALE", "男性", "先生"), "male"),
     (("X", "其他"), "other"), (("", "unknown", "保密", "3"), None)],
)  # fmt: skip
def test_genders(texts: Sequence[str], meant: str | None) -> None:
    assert {gender(text) for text in texts} == {meant}


@pytest.mark.parametrize(
    ("texts", "meant"),
    [(("广东", "广东省", "广东省深圳市南山区", "深圳", "中国广东", "Guangdong", "GUANGDONG Province", "Shenzhen, China",
       "Shenzhen, Guangdong"), "Guangdong"),
     (("内蒙古自治区", "呼和浩特"), "Inner Mongolia"), (("Xi'an", "西安市"), "Shaanxi"),
     (("上海市", "shanghai"), "Shanghai"),
     (("Ohio", " Ohio"), "Ohio")],
)  # fmt: skip
def test_regions(texts: Sequence[str], meant: str) -> None:
    assert {region(text) for text in texts} == {meant}


def test_every_region_is_known_by_both_of_its_names() -> None:
    assert len(REGIONS) == 34
    assert all(region(name) == region(chinese) == name for name, chinese in REGIONS.items())


@pytest.mark.parametrize(
    ("text", "meant"),
    [("120000", 120_000), ("12万", 120_000), ("8k-12k/月", 120_000), ("月薪1.5万", 180_000), ("50-74K", 62_000),
     ("$50,000 to 74,999", 62_499.5), ("10万-15万元", 125_000), ("high", None), ("", None)],
)  # fmt: skip
def test_incomes(text: str, meant: float | None) -> None:
    assert income(text) == meant
    assert income_level("高收入") == 5
    assert income_level(text) == (5 if text == "high" else None)


def test_occupations_have_one_name() -> None:
    assert {occupation(text) for text in ("学生", "Student", " college  student ")} == {"student"}
    assert occupation("Beekeeper") == "beekeeper"
    assert occupation("x" * 81) is None


def found(
    on: Engine, people: Sequence[Mapping[str, object]], learnt: Learnt | None = None
) -> tuple[Rows, Learnt]:
    """Everyone's attributes, in order, and what was learnt; the same steps as the service takes."""
    rows = [
        {
            "customer_id": f"c{i:04}",
            "traits": json.dumps({name: text for name, value in one.items() if (text := as_text(value))}),
        }
        for i, one in enumerate(people)
    ]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "customers.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), file)
        customers = on.scan([str(file)], SCHEMA, verb.COLUMNS, {})
        raws = stack.enter_context(on.kept(verb.raws(customers)))
        texts = on.collect(raws).to_pylist()
        counts = {raw: Counter(row[raw] for row in texts if row[raw] is not None) for raw in verb.SOURCES}
        known = learnt or Learnt(verb.borders(counts))
        tables = {raw: on.table(table) for raw, table in verb.meanings(counts, TODAY, known).items()}
        clean = stack.enter_context(on.kept(verb.cleaned(raws, tables)))
        if learnt is None:
            known = _learn(on.collect(clean).to_pylist(), known)
        groups = {name: on.table(table) for name, table in verb.tables(known).items()}
        every = customers.select("customer_id").join(
            verb.imputed(clean, groups), on="customer_id", how="left"
        )
        return on.collect(verb.completed(every, known.otherwise).sort("customer_id")).to_pylist(), known


def _learn(rows: Rows, known: Learnt) -> Learnt:
    by, otherwise = {}, {}
    for attribute, (first, second) in GOES_BY.items():
        counts = Counter((row[first], row[second], row[f"{attribute}_stated"]) for row in rows)
        told = [(*key, n) for key, n in counts.items() if key[2] is not None]
        by[attribute], everyone = verb.assumptions(attribute, told)  # type: ignore[arg-type]
        if everyone is not None:
            otherwise[attribute] = everyone
    return Learnt(known.borders, by, otherwise)


PEOPLE = st.lists(
    st.tuples(
        st.fixed_dictionaries(
            {},
            optional={
                "age": st.sampled_from((20, 25, "31岁", "41", "n/a")),
                "生日": st.sampled_from(("1990-05-01", "1961", "x")),
                "gender": st.sampled_from(("F", "女", "男", "?")),
                "city": st.sampled_from(("深圳", "Shanghai", "Ohio", ["Ohio"])),
                "income": st.sampled_from((1000, "2万", "high", 50, "?")),
                "月收入": st.sampled_from((5000, "8k/月")),
                "职业": st.sampled_from(("学生", "Teacher", "Beekeeper")),
                "tags": st.just(["a"]),
            },
        ),
        st.sampled_from((1, 10, 30)),
    ),
    max_size=8,
).map(lambda several: [one for one, times in several for _ in range(times)])


@slow_law(12)
@given(people=PEOPLE)
def test_what_was_stated_stays_and_exactly_the_missing_is_assumed(
    duckdb: Engine, people: list[dict[str, object]]
) -> None:
    rows, learnt = found(duckdb, people)
    wanted = [_clean(one) for one in people]
    # what was stated is what it means, whatever others stated
    for row, own in zip(rows, wanted, strict=True):
        assert {name: row[f"{name}_stated"] for name in own if name != "income"} == {
            name: own[name] for name in own if name != "income"
        }
        assert (row["income_stated"] is None) == (own["income"] is None)
    for attribute in GOES_BY:
        given_by = [row for row in rows if row[f"{attribute}_stated"] is not None]
        for row in rows:
            assumed = row[f"{attribute}_imputed"]
            missing = row[f"{attribute}_stated"] is None
            assert (assumed is not None) == (missing and len(given_by) >= ENOUGH), (attribute, row)
        answers = {row[f"{attribute}_stated"] for row in given_by}
        assert {row[f"{attribute}_imputed"] for row in rows} <= {None, *answers}
    # some of them alone, by what all told, have what they have among all
    some = people[::3]
    again, _ = found(duckdb, some, Learnt.load(json.loads(json.dumps(learnt.dump()))))
    assert [{**row, "customer_id": ""} for row in again] == [{**row, "customer_id": ""} for row in rows[::3]]


def _clean(one: Mapping[str, object]) -> dict[str, object]:
    """The attributes of one customer, one text after another."""
    texts = {name: as_text(value) or "" for name, value in one.items() if not isinstance(value, list)}
    monthly = texts.get("月收入", "")
    return {
        "age": age(texts.get("age", "")) or age_of_birth(texts.get("生日", ""), TODAY),
        "gender": gender(texts.get("gender", "")),
        "region": region(texts.get("city", "")) or None,
        "income": income(texts.get("income", "")) or income_level(texts.get("income", "")) or income(monthly),
        "occupation": occupation(texts.get("职业", "")),
    }


def test_a_group_tells_before_everyone_does(duckdb: Engine) -> None:
    told = defaultdict(int)
    people: list[dict[str, object]] = []
    for who, city, years, n in (("女", "上海", 30, 30), ("男", "上海", 50, 40), ("男", "Ohio", 70, 29)):
        people += [{"gender": who, "city": city, "age": years}] * n
        told[years] += n
    people += [{"gender": "F", "city": "Shanghai"}, {"gender": "M", "city": "Ohio"}, {}]
    rows, _ = found(duckdb, people)
    assert [row["age_imputed"] for row in rows[-3:]] == [30, 50, 50]  # 29 in Ohio are too few
    assert [row["gender_imputed"] for row in rows[-3:]] == [None, None, "male"]
    assert rows[0]["age_imputed"] is None


def test_incomes_are_fifths_and_equal_ones_share_theirs(duckdb: Engine) -> None:
    rows, learnt = found(duckdb, [{"income": n} for n in range(1, 11)] + [{"income": "低"}])
    assert [row["income_stated"] for row in rows] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 1]
    assert learnt.borders == (3, 5, 7, 9)
    same, _ = found(duckdb, [{"income": 500}] * 9)
    assert {row["income_stated"] for row in same} == {3}


def test_every_attribute_is_in_the_registry() -> None:
    names = [one.name for one in FEATURES if one.owner == Owner.STATED]
    assert sorted(names) == sorted(f"{one}_{how}" for one in GOES_BY for how in ("stated", "imputed"))
