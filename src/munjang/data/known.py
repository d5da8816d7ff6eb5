"""The known data sets, all of them; each table module says where its checksums are from."""

from __future__ import annotations

from munjang.data.dataset import Companion, Dataset, KnownFile, Origin, Reader, Split
from munjang.data.known_classes import CLASS_SETS
from munjang.data.known_matches import MATCH_SETS
from munjang.data.known_pairs import PAIR_SETS

__all__ = ["DATASETS", "Companion", "Dataset", "KnownFile", "Origin", "Reader", "Split"]

DATASETS: tuple[Dataset, ...] = (*PAIR_SETS, *CLASS_SETS, *MATCH_SETS)
"""Every data set that the catalog knows."""
