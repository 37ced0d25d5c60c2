"""interactions + items → ranked items with a reason."""

from collections.abc import Mapping

# name -> "module:Class", imported on first use. Others join through the entry point group below.
RECOMMENDERS: Mapping[str, str] = {
    "content": "zhiyin.loop.recommend.content:Content",
    "ease": "zhiyin.loop.recommend.ease:Ease",
    "hybrid": "zhiyin.loop.recommend.hybrid:Hybrid",
    "item_neighbours": "zhiyin.loop.recommend.item_neighbours:ItemNeighbours",
    "popularity": "zhiyin.loop.recommend.popularity:Popularity",
}
ENTRY_POINTS = "zhiyin.recommenders"
