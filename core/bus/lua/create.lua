-- KEYS head   ARGV cid, then field value pairs, the first of them `addr`.   Makes an empty conversation, once.
local head = KEYS[1]
if redis.call('EXISTS', head) == 1 then return 0 end
local now = clock()
redis.call('HSET', head, 'cid', ARGV[1], 'seq', 0, 'owner', 'ai', 'status', 'open', 'epoch', 0,
  'lcs', 0, 'lds', 0, 'created', now, 'updated', now, unpack(ARGV, 2))
-- At its own address nobody else makes one: it stays, so it is worth keeping before anything is said in it.
if string.find(ARGV[3], '"chat":"' .. ARGV[1] .. '"', 1, true) then touch(head) end
return 1
