-- KEYS head   ARGV name(of the place) place(JSON) contact level email only_at(sealed at this sequence; '': a proof)
-- A proof: the customer is this contact, at this place; who was elsewhere before, is out. With
-- only_at: this place too, where a link led from one that is proved already.
-- -> the sequence at which it is sealed; 0: not here, or sealed at another one
local head = KEYS[1]
local h = redis.call('HMGET', head, 'seq', 'email', 'sealed')
if not h[1] then return 0 end
if ARGV[6] ~= '' then
  if ARGV[6] ~= h[3] then return 0 end
  redis.call('HSET', head, 'pv:' .. ARGV[1], ARGV[2])
  touch(head)
  return num(h[3])
end
local sealed = num(h[3])
if sealed == 0 or h[2] ~= ARGV[5] then
  sealed = math.max(num(h[1]), 1)
  for _, name in ipairs(redis.call('HKEYS', head)) do
    if string.sub(name, 1, 3) == 'pv:' then redis.call('HDEL', head, name) end
  end
  redis.call('HSET', head, 'sealed', sealed, 'sealedat', clock())
end
redis.call('HSET', head, 'contact', ARGV[3], 'level', ARGV[4], 'email', ARGV[5], 'pv:' .. ARGV[1], ARGV[2])
touch(head)
return sealed
