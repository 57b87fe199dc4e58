"""A deterministic simulator: the engine, stores and server that ship, one thread, one seed.

Where each fault of sync.md §3 is played:

- crash before and behind every effect and behind every transaction of a laptop, lost unsynced
  pages: `world._between`, `device.crash`; of the server: `events.server_dies`; within its
  transaction: `events.server_fails`; within the swap of a first fetch: `second`
- drop, duplicate, reorder, delay, half-open, truncated body: `link` (pushes, answers, streams)
- 401, 403, 409, 413, 429, 5xx, of the server and of proxies: `link.REFUSALS`; a real 413:
  `server_side.push`; 426 and other versions: `tests/contracts`
- disk full, SQLITE_BUSY: `device.dying_after`, at every effect
- clocks that jump by up to ten years, a laptop's or the server's, at every effect and between the
  steps: `events.clock_jumps`, `events.server_clock_jumps`; a year that passes: `absence`
- restore from a backup: `events.go_back`; collection: `absence`
- scope moves: `events.office_reassigns`, `events.people_move`, `actions.reassign`, `actions.share`
- role changes and deny rules: `events.role_changes` (a right of level `none`)
- revoke: `events.withdraw`; another person's token: `events.wrong_token`
- schema upgrade with a full outbox: not here, since one process has one schema; client and server
  of each two versions meet in `tests/contracts/test_skew.py`
- two organisations: not here, since they share no row and no file; over one pool, with each
  other's ids: `tests/server/test_one_pool.py`, `tests/server/test_forged.py`
- tokens that end by the clock: not here (`link.refresh` only plays the answer);
  `tests/server/test_auth.py`

Who watches: `history` (the server's), `typed` (edits, and rows where they were typed), `agreement`
(rows, status, rest), `wholeness` (6, 14, 15), `books`
(keys, references, values and verdicts on the server), `disputes` (conflicts), `notes` (long text),
`desk` (what lies on a laptop).
"""
