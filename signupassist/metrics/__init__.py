"""What operators' monitoring reads at `/metrics` (docs/metrics.md).

What happens is counted where it happens, in each web process (`requests`, and the counts of the
conversation); `processes` lets the processes of one web server count together. How things stand is
read from the database at each scrape (`state`). `door` puts both into one answer.
"""
