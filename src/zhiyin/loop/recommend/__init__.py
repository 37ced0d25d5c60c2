"""interactions + items → ranked items with a reason."""

from collections.abc import Mapping

# name -> "module:Class", imported on first use. Others join through the entry point group below.
RECOMMENDERS: Mapping[str, str] = {
    "als": "zhiyin.loop.recommend.als:Als",
    "baskets": "zhiyin.loop.recommend.baskets:Baskets",
    "blend": "zhiyin.loop.recommend.blend:Blend",
    "bpr": "zhiyin.loop.recommend.bpr:Bpr",
    "content": "zhiyin.loop.recommend.content:Content",
    "ease": "zhiyin.loop.recommend.ease:Ease",
    "graph": "zhiyin.loop.recommend.graph:Graph",
    "group_popularity": "zhiyin.loop.recommend.group_popularity:GroupPopularity",
    "gru4rec": "zhiyin.loop.recommend.deep.gru4rec:Gru4Rec",
    "habits": "zhiyin.loop.recommend.habits:Habits",
    "hybrid": "zhiyin.loop.recommend.hybrid:Hybrid",
    "item_neighbours": "zhiyin.loop.recommend.item_neighbours:ItemNeighbours",
    "item_vectors": "zhiyin.loop.recommend.item_vectors:ItemVectors",
    "markov": "zhiyin.loop.recommend.markov:Markov",
    "ncf": "zhiyin.loop.recommend.deep.ncf:Ncf",
    "popularity": "zhiyin.loop.recommend.popularity:Popularity",
    "random": "zhiyin.loop.recommend.random_:Random",
    "recent": "zhiyin.loop.recommend.recent:Recent",
    "sasrec": "zhiyin.loop.recommend.deep.sasrec:SasRec",
    "sequence_linear": "zhiyin.loop.recommend.sequence_linear:SequenceLinear",
    "session_neighbours": "zhiyin.loop.recommend.session_neighbours:SessionNeighbours",
    "slim": "zhiyin.loop.recommend.slim:Slim",
    "sparse_ease": "zhiyin.loop.recommend.sparse_ease:SparseEase",
    "svd": "zhiyin.loop.recommend.svd:Svd",
    "trending": "zhiyin.loop.recommend.trending:Trending",
    "user_neighbours": "zhiyin.loop.recommend.user_neighbours:UserNeighbours",
}
ENTRY_POINTS = "zhiyin.recommenders"
