-- KEYS head   ARGV window_ms cap_ms.   A turn that waits, waits on while the customer types.
local head = KEYS[1]
local h = redis.call('HMGET', head, 'w:engine', 'b:engine', 'f:engine', 'u:engine')
local now = clock()
if not h[1] or num(h[2]) <= now or num(h[4]) > now then return 0 end
local due = math.min(now + tonumber(ARGV[1]), num(h[3]) + tonumber(ARGV[2]))
if due > num(h[2]) then redis.call('HSET', head, 'b:engine', due) end
return 1
