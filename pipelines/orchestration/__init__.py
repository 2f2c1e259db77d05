"""Names for what plain functions do, as Dagster knows them: assets, checks, partitions, job, schedule, sensor."""

import gc

# Dagster keeps hundreds of thousands of small objects for as long as its process lives. Python would walk over all of
# them again and again while more are made: a tenth of what a night without anything new takes.
gc.set_threshold(50_000, 20, 20)
