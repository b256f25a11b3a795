"""Who somebody is, and which conversation is theirs.

Reading order: `addresses` (one way to reach somebody, as a value), `records`, `ports` (what is
kept of people), `claims` (what a conversation shows of its customer), `people` (contacts in SQL),
`merging`, `settling` and `keeper` (whose conversations are), `links` (one conversation that goes on
in another channel).
"""
