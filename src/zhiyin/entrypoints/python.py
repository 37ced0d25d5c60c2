"""The Python door: the same nouns and verbs for notebooks, tables as Narwhals, Arrow, Polars or pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import narwhals as nw

from zhiyin.domain.placement import EMAIL
from zhiyin.entrypoints.site import open_workspace

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from zhiyin.domain.flow import Flow
    from zhiyin.domain.recommendation import Recommendation
    from zhiyin.domain.segment import Rule
    from zhiyin.loop.recommend.evaluate.compare import Evaluation
    from zhiyin.services.customer_profile import CustomerProfile
    from zhiyin.services.reports import CampaignReport
    from zhiyin.services.segments import Why
    from zhiyin.services.workspace import Workspace


class Table:
    """A lazy table: nothing runs until it is asked for in one of its forms."""

    def __init__(self, workspace: Workspace, frame: nw.LazyFrame[Any]) -> None:
        self._workspace, self.frame = workspace, frame

    def arrow(self) -> pa.Table:
        """Run it; an Arrow table."""
        return self._workspace.lake.collect(self.frame)

    def polars(self) -> pl.DataFrame:
        """Run it; a Polars data frame (Polars must be installed)."""
        import polars

        frame = polars.from_arrow(self.arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def pandas(self) -> pd.DataFrame:
        """Run it; a pandas data frame (pandas must be installed)."""
        return self.arrow().to_pandas()

    def filter(self, *conditions: nw.Expr) -> Table:
        """The rows for which Narwhals expressions hold."""
        return Table(self._workspace, self.frame.filter(*conditions))

    def select(self, *columns: str | nw.Expr) -> Table:
        """Some columns, or Narwhals expressions."""
        return Table(self._workspace, self.frame.select(*columns))

    def head(self, n: int = 5) -> Table:
        """The first rows, in no particular order."""
        return Table(self._workspace, self.frame.head(n))

    def __len__(self) -> int:
        return int(self.select(nw.len().alias("n")).arrow()["n"][0].as_py())


class Segments:
    """Named rules of the shop."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def create(
        self, key: str, rule: Mapping[str, Any] | str | Rule, *, name: str = "", live: bool = True
    ) -> None:
        """Make a segment from a rule in its JSON form, as text, or made with ``zhiyin.rule``."""
        from zhiyin.services import segments

        segments.create(self._workspace, key, name or key, rule, live=live)

    def keys(self) -> list[str]:
        """The keys of all segments."""
        from zhiyin.services import segments

        return [segment.key for segment in segments.list_(self._workspace)]

    def count(self, key_or_rule: str | Mapping[str, Any] | Rule) -> int:
        """How many customers match a segment, by key, or a rule that is tried out."""
        from zhiyin.services import segments

        return segments.count(self._workspace, self._rule(key_or_rule)).count

    def members(self, key_or_rule: str | Mapping[str, Any] | Rule) -> list[str]:
        """The ids of the customers who match."""
        from zhiyin.services import segments

        return segments.members(self._workspace, self._rule(key_or_rule))

    def why(self, key: str, customer_id: str) -> Why:
        """Why a customer is in a segment, or not: each condition with what was found and what is needed."""
        from zhiyin.services import segments

        return segments.why(self._workspace, key, customer_id)

    def _rule(self, key_or_rule: str | Mapping[str, Any] | Rule) -> Mapping[str, Any] | Rule:
        from zhiyin.services import segments

        if not isinstance(key_or_rule, str):
            return key_or_rule
        rule: dict[str, Any] = segments.get(self._workspace, key_or_rule).rule
        return rule


class Campaigns:
    """Campaigns of the shop."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def keys(self) -> list[str]:
        """The keys of all campaigns, newest first."""
        from zhiyin.services import campaigns

        return [campaign.key for campaign in campaigns.list_(self._workspace)]

    def report(self, key: str) -> CampaignReport:
        """What a campaign changed, against its holdout, with intervals."""
        from zhiyin.services import reports

        return reports.campaign(self._workspace, key)


class Shop:
    """An open workspace.

    ``shop.customers``, ``shop.interests``, ``shop.events`` and ``shop.items`` are lazy tables; ``shop.segments`` and
    ``shop.campaigns`` hold the verbs of the command line.
    """

    def __init__(self, folder: str | Path) -> None:
        self.workspace = open_workspace(folder)
        self.segments = Segments(self.workspace)
        self.campaigns = Campaigns(self.workspace)

    @property
    def customers(self) -> Table:
        """The customers as last profiled, one row each."""
        return Table(self.workspace, self.workspace.lake.profiles())

    @property
    def interests(self) -> Table:
        """What customers are interested in, one row for each value."""
        return Table(self.workspace, self.workspace.lake.frame("interests"))

    @property
    def events(self) -> Table:
        """Everything that happened."""
        return Table(self.workspace, self.workspace.lake.events())

    @property
    def items(self) -> Table:
        """What the shop offers."""
        return Table(self.workspace, self.workspace.lake.items())

    @overload
    def profile(self) -> None: ...

    @overload
    def profile(self, customer: str) -> CustomerProfile: ...

    def profile(self, customer: str = "") -> CustomerProfile | None:
        """Bring every customer's features and interests up to date with the lake; with an id, what is known of that
        customer: features, interests, stages and segments."""
        from zhiyin.services import customer_profile, profiles

        if customer:
            return customer_profile.of(self.workspace, customer)
        profiles.run(self.workspace)
        return None

    def flow(self, first: date | str, second: date | str) -> Flow:
        """Who went from which stage to which between the ends of two days."""
        from zhiyin.services import flow

        return flow.flow(self.workspace, *(flow.day(str(day)) for day in (first, second)))

    def train(self, *models: str, budget: timedelta = timedelta(minutes=10)) -> dict[str, Any]:
        """Try recommenders (all, unless some are named) and let the best answer at each placement; the report."""
        from zhiyin.services import training

        report: dict[str, Any] = training.train(self.workspace, models, budget=budget).report
        return report

    def recommend(
        self,
        customer_id: str,
        n: int = 5,
        *,
        placement: str = EMAIL,
        item: str = "",
        basket: Sequence[str] = (),
        model: str | None = None,
    ) -> list[Recommendation]:
        """Items for a customer at a placement, best first, each with its reason."""
        from zhiyin.services import recommendations

        return recommendations.recommend(
            self.workspace, customer_id, n, model, placement=placement, item=item, basket=basket
        )

    def evaluate(self, *models: str, k: int = 20, days: float | None = None) -> Evaluation:
        """How well recommenders would have foreseen the last days, beside popularity; ``to_dict()`` holds all of it."""
        from zhiyin.services import evaluation

        return evaluation.evaluate(self.workspace, models or None, (k,), days=days)

    def __repr__(self) -> str:
        return f"Shop({str(self.workspace.folder)!r})"
