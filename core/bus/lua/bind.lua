-- KEYS address touched   ARGV conversation anyway(1: also when it leads elsewhere) note(0: the archive knows)
-- An address leads to a conversation.   -> false, or where it led before
local before = redis.call('GET', KEYS[1])
if before and (before == ARGV[1] or ARGV[2] == '0') then return before end
redis.call('SET', KEYS[1], ARGV[1])
if ARGV[3] == '1' then
  local t = redis.call('TIME')
  redis.call('ZADD', KEYS[2], t[1] .. string.format('%06d', tonumber(t[2])), '@' .. KEYS[1])
end
return before
