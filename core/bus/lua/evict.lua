-- KEYS head log seen state turns sends steps gone   ARGV stamp, then field value pairs of the head
-- Takes a conversation out of the store that was written down as these pairs say.
-- -> 1 taken out, 0 it lives: something changed, is waiting or is held
local head = KEYS[1]
local count = (#ARGV - 1) / 2
if count == 0 or redis.call('HLEN', head) ~= count then return 0 end
for at = 2, #ARGV, 2 do
  local name = ARGV[at]
  local start = string.sub(name, 1, 2)
  if start == 'w:' or start == 'l:' or name == 'alarm' then return 0 end
  if redis.call('HGET', head, name) ~= ARGV[at + 1] then return 0 end
end
if redis.call('EXISTS', KEYS[7]) == 1 then return 0 end
-- Who brings it back within a day must have this state of it, and no older one.
redis.call('SET', KEYS[8], ARGV[1], 'EX', 86400)
redis.call('DEL', head, KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6])
return 1
