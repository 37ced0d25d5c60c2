"""interactions + items → ranked items with a reason."""

from collections.abc import Mapping

# name -> "module:Class", imported on first use. Others join through the entry point group below.
RECOMMENDERS: Mapping[str, str] = {
    "baskets": "zhiyin.loop.recommend.baskets:Baskets",
    "blend": "zhiyin.loop.recommend.blend:Blend",
    "content": "zhiyin.loop.recommend.content:Content",
    "ease": "zhiyin.loop.recommend.ease:Ease",
    "habits": "zhiyin.loop.recommend.habits:Habits",
    "hybrid": "zhiyin.loop.recommend.hybrid:Hybrid",
    "item_neighbours": "zhiyin.loop.recommend.item_neighbours:ItemNeighbours",
    "markov": "zhiyin.loop.recommend.markov:Markov",
    "popularity": "zhiyin.loop.recommend.popularity:Popularity",
    "random": "zhiyin.loop.recommend.random_:Random",
    "recent": "zhiyin.loop.recommend.recent:Recent",
    "sequence_linear": "zhiyin.loop.recommend.sequence_linear:SequenceLinear",
    "session_neighbours": "zhiyin.loop.recommend.session_neighbours:SessionNeighbours",
}
ENTRY_POINTS = "zhiyin.recommenders"
