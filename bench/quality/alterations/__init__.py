"""What happens to a photo on its way: every alteration by code, with a seed of its own for each photo."""

from bench.quality.alterations.catalogue import ALTERATIONS, GROUPS, Alteration, Group, altered

__all__ = ["ALTERATIONS", "GROUPS", "Alteration", "Group", "altered"]
