-- KEYS meta
-- What the store says of itself, and which run of the server says so.
-- -> {incarnation | false, mark | false, life | false, 1 if this run was judged else 0, run}
local run = run_of_server()
local v = redis.call('HMGET', KEYS[1], 'incarnation', 'mark', 'life', 'run')
return {v[1], v[2], v[3], v[4] == run and 1 or 0, run}
