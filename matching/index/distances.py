"""Distances of many codes to many others, by the comparison that an algorithm names. Numpy, no index of any kind."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.hashing.rules import CandidateRule, ConfirmedHamming, TileAgreement

Words = npt.NDArray[np.uint64]
Tiles = npt.NDArray[np.uint16]
Distances = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

TILES: Final = 16


def hamming(queries: Words, codes: Words) -> Distances:
    """Bits that differ: (q, 4) and (n, 4) words of 64 bits to (q, n)."""
    return np.asarray(np.bitwise_count(queries[:, None] ^ codes[None]).sum(axis=2, dtype=np.int64))


def candidates(difference: Words, rule: CandidateRule) -> Booleans:
    """Which differences (n, 4) of two codes make a candidate: few enough flips in at least one band. Shape (n,)."""
    bits = np.unpackbits(difference.view(np.uint8), axis=1)[:, rule.permutation]
    flips = np.add.reduceat(bits, (0, *rule.ends[:-1]), axis=1)
    return np.asarray((flips <= rule.flips).any(axis=1))


def tiled(words: Words, by: TileAgreement) -> Tiles:
    """The permuted codes as sixteen tiles each: (n, 4) words to (n, 16) numbers, a tile's first bit its highest."""
    codes = np.ascontiguousarray(words).view(np.uint8)
    permuted = np.packbits(np.unpackbits(codes, axis=1)[:, by.permutation], axis=1)
    return np.ascontiguousarray(permuted).view(">u2").astype(np.uint16)


def tile_distance(queries: Tiles, tiles: Tiles, comparison: TileAgreement) -> Distances:
    """What lacks of agreeing, see `TileAgreement`: asked and stored tiles to the distances.

    Broadcasts: (q, 1, 16) and (1, n, 16) give (q, n), (k, 16) and (k, 16) give (k,).
    """
    worth, detail = tables(comparison)
    agreement = (worth[np.bitwise_count(queries ^ tiles)] * detail[tiles]).sum(axis=-1, dtype=np.int64)
    return np.asarray(np.maximum(comparison.full - agreement, 0))


def penalty(queries: Words, codes: Words, comparison: ConfirmedHamming) -> Distances:
    """What is added to the bits of pairs of hashes with these textures: (k, 4) and (k, 4), zeros for none, to (k,)."""
    texture = comparison.texture
    lacking = tile_distance(tiled(queries, texture), tiled(codes, texture), texture)
    confirmed = queries.any(axis=1) & codes.any(axis=1)
    return np.asarray(np.where(confirmed, -(-lacking // comparison.share), comparison.unconfirmed))


@cache
def tables(comparison: TileAgreement) -> tuple[Tiles, Tiles]:
    """Worth by flips 0..16, and detail by tile 0..65535; uint16 holds their sums as well."""
    worth = np.zeros(TILES + 1, np.uint16)
    worth[: len(comparison.worth)] = comparison.worth
    bits = np.unpackbits(np.arange(1 << 16, dtype=">u2").view(np.uint8).reshape(-1, 2), axis=1).reshape(-1, 4, 4)
    changes = (bits[:, :, 1:] != bits[:, :, :-1]).sum(axis=(1, 2), dtype=np.int64)
    changes += (bits[:, 1:] != bits[:, :-1]).sum(axis=(1, 2), dtype=np.int64)
    return worth, np.maximum(changes - comparison.smooth, 0).astype(np.uint16)
