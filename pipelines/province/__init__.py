"""A province: many districts, each a warehouse of its own, on one machine or a cluster, merged into one file.

Every published figure is made inside one district, so the unchanged nightly run is run once per district, wherever
there is a core, and the parts are put together. Does not belong here: how a district's figures are made (nightly).
"""
