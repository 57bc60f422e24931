"""`python -m tests.deploy.scaling` prints the table of docs/scaling.md, from the figures in it."""

import re
import tomllib

from tests.deploy.recipes import ROOT

GUIDE = ROOT / "docs/scaling.md"
SIZES = (1, 10, 100, 1000)
HEAD = "| | 1 × | 10 × | 100 × | 1000 × |\n|---|---:|---:|---:|---:|"


def figures() -> dict[str, float]:
    """Return what was measured, and what is assumed."""
    block = re.search(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert block, "docs/scaling.md has no figures"
    read: dict[str, float] = tomllib.loads(block[1])
    return read


def table(known: dict[str, float]) -> str:
    """Return what the service has to do at each size, a row a question."""
    rows: dict[str, list[str]] = {}

    def put(name: str, form: str, value: float, times: int) -> None:
        rows.setdefault(name, []).append(format(value * times, form))

    signups = known["signups_a_day"] * known["share_of_busiest_hour"] / 3600  # a second
    records = signups * known["records_a_signup"]
    a_day = known["signups_a_day"] * known["records_a_signup"]
    for times in SIZES:
        put("signups a day", ",.0f", known["signups_a_day"], times)
        put("turns a second, busiest hour", ",.1f", signups * known["turns_a_signup"], times)
        cores = signups * known["turns_a_signup"] * known["milliseconds_a_turn"] / 1000
        put("cores at work for them, database included", ",.2f", cores, times)
        put("records a second, busiest hour", ",.1f", records, times)
        put("of what one sealer can do", ",.1%", records / known["sealed_a_second"], times)
        put("records a year, millions", ",.0f", a_day * 365 / 1e6, times)
        put("ledger a year, GB", ",.0f", a_day * 365 * known["bytes_a_record"] / 1e9, times)
        put(
            "verifying a year, hours",
            ",.1f",
            a_day * 365 / known["verified_a_second"] / 3600,
            times,
        )
        put(
            "clean-up a night, seconds",
            ",.0f",
            known["signups_a_day"] / known["deleted_a_second"],
            times,
        )
    return "\n".join([HEAD, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())])


if __name__ == "__main__":
    print(table(figures()))
