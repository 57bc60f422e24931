"""Many parents sign children up on the whole service at once, while its parts live and die.

`deeds` and `judging` are pure: what was done, and whether four books agree on it (the parents', the
API's, the ledger's, the provider's). `parents` does it over HTTP, `service` starts what
`compose.yaml` names, `wire` and `faults` break it, `report` writes docs/reliability.md.
"""
