-- KEYS head ready   ARGV reader token lease_ms wake consumer.   A heartbeat: 1 while the lease is ours.
local head, reader = KEYS[1], ARGV[1]
if redis.call('HGET', head, 'l:' .. reader) ~= ARGV[2] then return 0 end
redis.call('HSET', head, 'u:' .. reader, clock() + tonumber(ARGV[3]))
-- Restart the idle time of the wake-up, or another reader would take it over.
pcall(redis.call, 'XCLAIM', KEYS[2], GROUP, ARGV[5], 0, ARGV[4], 'JUSTID')
return 1
