-- KEYS meta   ARGV run life(the one that must be the store's now; '': any) mark then field value pairs
-- Notes these fields, and a higher mark, if this is still that run of the server, in that life.
-- -> 1 noted, 0 it is another
if run_of_server() ~= ARGV[1] then return 0 end
local before = redis.call('HMGET', KEYS[1], 'life', 'incarnation', 'mark')
if ARGV[2] ~= '' and (before[1] or before[2]) ~= ARGV[2] then return 0 end
if num(ARGV[3]) > num(before[3]) then redis.call('HSET', KEYS[1], 'mark', ARGV[3]) end
for at = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
return 1
