-- KEYS head   ARGV cid, then field value pairs.   Makes an empty conversation, once.
local head = KEYS[1]
if redis.call('EXISTS', head) == 1 then return 0 end
local now = clock()
redis.call('HSET', head, 'cid', ARGV[1], 'seq', 0, 'owner', 'ai', 'status', 'open', 'epoch', 0,
  'lcs', 0, 'lds', 0, 'created', now, 'updated', now, unpack(ARGV, 2))
return 1
