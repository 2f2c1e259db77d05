"""A synthetic district: labelled, deterministic deliveries of any size with known true figures.

Belongs here: drawing the district's figures, writing them in the mixed shapes in which offices deliver, and planting
known dirt. Does not belong here: reading files, rules, or any figure that the pipeline publishes; the pipeline is
tested against these files, so nothing here may call it.
"""

from pipelines.demo.payments import Dirt, PlantedRow
from pipelines.demo.write import DemoDistrict, DemoFile, write_demo

__all__ = ["DemoDistrict", "DemoFile", "Dirt", "PlantedRow", "write_demo"]
