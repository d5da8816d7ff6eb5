"""Sentences into groups: k-means, average linkage by a threshold, near-duplicates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from munjang.encode.encoder import check_sentences
from munjang.errors import InputError
from munjang.search.exact import check_k, encode_texts, unit_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from munjang.encode.encoder import Encoder, Vectors

MAX_LINKAGE_ROWS = 20_000
"""The most rows that `cluster_threshold` takes; its memory is 8 bytes times rows squared."""

SILHOUETTE_ROWS = 5_000
"""Above so many rows the silhouette is that of a random sample of this size."""

# Cosines of float32 vectors carry rounding errors, so that equal rows may give 0.9999999.
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Cluster:
    """One group of rows.

    Attributes:
        members: The rows, the closest to the centroid first, equally close ones by row.
        cohesion: The mean cosine of the members to their centroid, at most 1.
        label: The text of the medoid, or None where only vectors were given.
    """

    members: tuple[int, ...]
    cohesion: float
    label: str | None = None

    @property
    def medoid(self) -> int:
        """The most central row: of all members the highest mean cosine to the others.

        Among unit vectors that is the member closest to the centroid.
        """
        return self.members[0]

    def __len__(self) -> int:
        return len(self.members)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Clusters:
    """All groups of a corpus: `len`, `[]` and iteration see its clusters.

    Attributes:
        labels: For each row the number of its cluster, int64, shape (rows,); -1 for a
            row in no cluster, which only near-duplicates know.
        clusters: The groups, the largest first, equally large ones by their lowest row.
        silhouette: How well the clusters are apart, from -1 to 1 (Rousseeuw 1987), on
            cosine distance; None where it has no meaning (a single cluster, one row a
            cluster, near-duplicates).
    """

    labels: NDArray[np.int64]
    clusters: tuple[Cluster, ...]
    silhouette: float | None

    def __len__(self) -> int:
        return len(self.clusters)

    def __getitem__(self, number: int) -> Cluster:
        return self.clusters[number]

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self.clusters)

    def __repr__(self) -> str:
        known = None if self.silhouette is None else round(self.silhouette, 4)
        return f"Clusters(rows={len(self.labels)}, clusters={len(self)}, silhouette={known})"


def cluster_kmeans(vectors: ArrayLike, *, k: int, seed: int = 0) -> Clusters:
    """Splits rows into `k` clusters by k-means on unit vectors.

    The best of ten starts (scikit-learn's KMeans, `n_init=10`) with a fixed seed. Rows
    are put in one order first, equal ones as a weight, so that the result does not
    depend on the order of the input.

    Args:
        vectors: Shape (rows, dimension), of any length (norm).
        k: The number of clusters, from 1 to the number of distinct rows; rows that
            agree to six decimals count as one.
        seed: The random state of the starts and of the silhouette's sample.

    Returns:
        The clusters.

    Raises:
        InputError: `k` is out of range, or the vectors are empty or not finite.

    Example:
        >>> found = cluster_kmeans([[9, 1], [0, 1], [1, 0], [5, 0]], k=2)
        >>> [cluster.members for cluster in found], found.labels.tolist()
        ([(2, 3, 0), (1,)], [0, 1, 0, 0])
    """
    from sklearn.cluster import KMeans

    check_k(k)
    unit = _check_rows(vectors)
    # Adding zero turns -0.0 into 0.0.
    rounded = np.round(unit, 6) + np.float32(0)
    rows, places, copies = np.unique(rounded, axis=0, return_inverse=True, return_counts=True)
    if k > len(rows):
        raise InputError(
            f"k-means cannot make {k} clusters of {len(rows)} distinct rows",
            found=f"{len(unit)} rows, {len(unit) - len(rows)} of them copies",
            fix=f"k from 1 to {len(rows)}",
        )
    model = KMeans(n_clusters=k, n_init=10, random_state=seed).fit(rows, sample_weight=copies)
    return _arrange(unit, _split(model.labels_[places.reshape(-1)]), seed=seed)


def cluster_threshold(vectors: ArrayLike, *, threshold: float) -> Clusters:
    """Merges rows into clusters as long as they are alike enough: no number to choose.

    Agglomerative clustering with average linkage on cosine distance (SciPy): two groups
    merge while the mean cosine between their members is at least `threshold`, compared
    with a tolerance of 1e-6.

    Args:
        vectors: Shape (rows, dimension), of any length (norm); at most
            `MAX_LINKAGE_ROWS` rows.
        threshold: The cosine similarity down to which groups merge, from 0 to 1.

    Returns:
        The clusters, down to single rows.

    Raises:
        InputError: `threshold` is out of range, or the vectors are empty, too many or
            not finite.

    Example:
        >>> found = cluster_threshold([[9, 1], [0, 1], [1, 0]], threshold=0.8)
        >>> [cluster.members for cluster in found]
        [(0, 2), (1,)]
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    _check_threshold(threshold, name="threshold")
    unit = _check_rows(vectors)
    _check_linkage_rows(len(unit))
    if len(unit) == 1:
        return _arrange(unit, [np.array([0])], seed=0)
    tree = linkage(_condensed_distances(unit), method="average")
    labels = fcluster(tree, 1 - threshold + _TOLERANCE, criterion="distance")
    return _arrange(unit, _split(labels), seed=0)


def near_duplicates(vectors: ArrayLike, *, threshold: float = 0.95) -> list[tuple[int, ...]]:
    """Finds groups of rows that say nearly the same.

    Two rows are linked when their cosine is at least `threshold` (tolerance 1e-6); a
    group is everything that links connect, so its ends may be further apart. Every pair
    is looked at, block by block: time grows with rows squared, memory with rows.

    Args:
        vectors: Shape (rows, dimension), of any length (norm).
        threshold: The cosine similarity that links two rows, from 0 to 1.

    Returns:
        Groups of two rows and more, each in ascending order; the largest group first,
        equally large ones by their lowest row.

    Raises:
        InputError: `threshold` is out of range, or the vectors are empty or not finite.

    Example:
        >>> near_duplicates([[1, 0], [0, 1], [1, 0.01]])
        [(0, 2)]
    """
    _check_threshold(threshold, name="threshold")
    labels = _connect(_check_rows(vectors), threshold - _TOLERANCE)
    groups = [tuple(group.tolist()) for group in _split(labels) if len(group) > 1]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def cluster_texts(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    k: int | None = None,
    threshold: float | None = None,
    duplicates: float | None = None,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Clusters:
    """Groups texts by meaning, each group labelled by its most central sentence.

    Exactly one of `k`, `threshold` and `duplicates` says how.

    Args:
        encoder: The model.
        texts: The texts; duplicates are kept as rows of their own.
        k: So many clusters, by `cluster_kmeans`.
        threshold: The cosine down to which groups merge, by `cluster_threshold`.
        duplicates: The cosine that links two rows, by `near_duplicates`; rows without a
            near-duplicate are in no cluster.
        seed: The random state of k-means.
        batch_size: How many sentences at most go through the model at once.
        progress: Show a progress bar on stderr while the texts are encoded.

    Returns:
        The clusters, with labels.

    Raises:
        InputError: There are no texts, one is not a string, or not exactly one way of
            grouping is given, or it is out of range.
    """
    checked = check_sentences(texts, name="texts")
    if not checked:
        raise InputError("there is nothing to cluster", found="0 texts")
    group = _choose(len(checked), k=k, threshold=threshold, duplicates=duplicates, seed=seed)
    found = group(encode_texts(encoder, checked, batch_size=batch_size, progress=progress))
    labelled = tuple(replace(each, label=checked[each.medoid]) for each in found)
    return replace(found, clusters=labelled)


def _choose(
    rows: int, *, k: int | None, threshold: float | None, duplicates: float | None, seed: int
) -> Callable[[Vectors], Clusters]:
    """Picks the way of grouping, and refuses bad arguments before texts are encoded."""
    ways = [way for way in (k, threshold, duplicates) if way is not None]
    if len(ways) == 1 and k is not None:
        check_k(k)
        return partial(cluster_kmeans, k=k, seed=seed)
    if len(ways) == 1 and threshold is not None:
        _check_threshold(threshold, name="threshold")
        _check_linkage_rows(rows)
        return partial(cluster_threshold, threshold=threshold)
    if len(ways) == 1 and duplicates is not None:
        _check_threshold(duplicates, name="duplicates")
        return partial(_cluster_duplicates, threshold=duplicates)
    raise InputError(
        "give exactly one of k, threshold and duplicates",
        found=f"k={k}, threshold={threshold}, duplicates={duplicates}",
    )


def _cluster_duplicates(vectors: Vectors, *, threshold: float) -> Clusters:
    groups = [np.array(group) for group in near_duplicates(vectors, threshold=threshold)]
    return replace(_arrange(unit_vectors(vectors), groups, seed=0), silhouette=None)


def _check_threshold(threshold: float, *, name: str) -> None:
    number = isinstance(threshold, (int, float, np.number)) and not isinstance(threshold, bool)
    if not (number and 0 <= threshold <= 1):
        raise InputError(f"{name} must be a cosine from 0 to 1", found=repr(threshold))


def _check_linkage_rows(rows: int) -> None:
    if rows > MAX_LINKAGE_ROWS:
        raise InputError(
            f"clustering by threshold takes at most {MAX_LINKAGE_ROWS:,} rows",
            found=f"{rows:,} rows, which need {8 * rows**2 / 1e9:,.1f} GB of memory",
            fix="k-means (k=...), or duplicates=0.9 for the closest groups only",
        )


def _check_rows(vectors: ArrayLike) -> Vectors:
    unit = unit_vectors(vectors)
    if not len(unit):
        raise InputError("there is nothing to cluster", found="0 vectors")
    return unit


def _condensed_distances(unit: Vectors) -> NDArray[np.float64]:
    """The cosine distances of all pairs as SciPy's linkage wants them: row by row."""
    count = len(unit)
    distances = np.empty(count * (count - 1) // 2, dtype=np.float64)
    at = 0
    for start in range(0, count, 512):
        for row, cosines in enumerate(unit[start : start + 512] @ unit[start:].T):
            after = cosines[row + 1 :]
            distances[at : at + after.size] = after
            at += after.size
    np.subtract(1, distances, out=distances)
    return distances.clip(0, 2, out=distances)


def _connect(
    unit: Vectors, bound: float, *, row_chunk: int = 512, column_chunk: int = 4096
) -> NDArray[np.int64]:
    """Connected components over the pairs whose cosine is at least `bound`."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(unit)
    labels = np.arange(count)
    for top in range(0, count, row_chunk):
        for left in range(top, count, column_chunk):
            block = unit[top : top + row_chunk] @ unit[left : left + column_chunk].T
            rows, columns = np.nonzero(block >= bound)
            first, second = labels[top + rows], labels[left + columns]
            apart = first != second
            if apart.any():
                links = (np.ones(apart.sum()), (first[apart], second[apart]))
                graph = coo_array(links, shape=(count, count)).tocsr()
                merged = connected_components(graph, directed=False)[1]
                labels = merged.astype(np.int64)[labels]
    return labels


def _split(labels: NDArray[np.integer[Any]]) -> list[NDArray[np.int64]]:
    """The rows of each label, in ascending order."""
    order = np.argsort(labels, kind="stable")
    borders = np.flatnonzero(np.diff(labels[order])) + 1
    return np.split(order, borders)


def _arrange(unit: Vectors, groups: list[NDArray[np.int64]], *, seed: int) -> Clusters:
    """Orders groups and their members, and measures both."""
    groups = sorted(groups, key=lambda group: (-len(group), group[0]))
    labels = np.full(len(unit), -1, dtype=np.int64)
    for number, group in enumerate(groups):
        labels[group] = number
    clusters = tuple(_describe(unit, group) for group in groups)
    return Clusters(labels, clusters, _silhouette(unit, labels, seed=seed))


def _describe(unit: Vectors, group: NDArray[np.int64]) -> Cluster:
    rows = unit[group]
    centroid = rows.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(centroid))
    closeness = np.einsum("nd,d->n", rows, centroid / (length or 1.0), dtype=np.float64)
    # The two members of a pair are equally close: rounding noise must not order them.
    order = np.lexsort((group, -closeness.round(6)))
    return Cluster(tuple(group[order].tolist()), min(float(closeness.mean()), 1.0))


def _silhouette(unit: Vectors, labels: NDArray[np.int64], *, seed: int) -> float | None:
    from sklearn.metrics import silhouette_score

    if labels.min() < 0:
        return None
    if len(labels) > SILHOUETTE_ROWS:
        sample = np.random.default_rng(seed).choice(len(labels), SILHOUETTE_ROWS, replace=False)
        unit, labels = unit[sample], labels[sample]
    if not 2 <= len(np.unique(labels)) < len(labels):
        return None
    return float(silhouette_score(unit, labels, metric="cosine"))
