"""Vectors to answers: search and clusters."""

from munjang.search.cluster import (
    Cluster,
    Clusters,
    cluster_kmeans,
    cluster_texts,
    cluster_threshold,
    near_duplicates,
)
from munjang.search.exact import Hit, Index, search_texts

__all__ = [
    "Cluster",
    "Clusters",
    "Hit",
    "Index",
    "cluster_kmeans",
    "cluster_texts",
    "cluster_threshold",
    "near_duplicates",
    "search_texts",
]
