-- KEYS head turns journal   ARGV token cid seq receipt
-- What people need of a case that no turn of the AI opened: kept where the receipt of such a turn
-- would be, and told to the archive; once.   1 kept (or was there), 0 stale
local head, turns, journal, cid, seq = KEYS[1], KEYS[2], KEYS[3], ARGV[2], ARGV[3]
if redis.call('HGET', head, 'l:case') ~= ARGV[1] then return 0 end
if redis.call('HSETNX', turns, seq, ARGV[4]) == 1 then
  redis.call('XADD', journal, '*', 'k', 'case', 'c', cid, 's', seq, 'b', ARGV[4], 't', clock(),
    'h', standing(head))
end
return 1
