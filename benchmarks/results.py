"""What the closing tables show."""

RATIOS = []  # see `pairs.compare`
BUDGETS = []  # name, measured, most, unit


def budget(benchmark, name, measured, most, unit):
    """Note a measured cost beside what it may be."""
    row = {"name": name, "measured": measured, "most": most, "unit": unit}
    benchmark.extra_info.update(row)
    BUDGETS.append(row)
