-- KEYS head   Takes back a conversation that was made for a word which is not wanted.
-- -> 1 taken back, 0 something was said in it meanwhile: it stays
if redis.call('HGET', KEYS[1], 'seq') ~= '0' then return 0 end
return redis.call('DEL', KEYS[1])
