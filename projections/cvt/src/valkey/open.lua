-- Lets a partition write into a target's hashes, after a look at what is there.
-- KEYS  1 COSMOS's hash, 2 groundlog's
-- ARGV  1 layout, 2 the partition's field, 3 its epoch
-- Returns 0 when it may, else 1 or 2 for the key that is not this table's, and what it is.
for i = 1, 2 do
  local kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= 'none' and kind ~= 'hash' then
    return {i, 'is no hash but a ' .. kind}
  end
end
local layout = redis.call('HGET', KEYS[2], '#layout')
if layout and layout ~= ARGV[1] then
  return {2, 'has layout ' .. layout .. ', this groundlog writes layout ' .. ARGV[1]}
end
if not layout and redis.call('EXISTS', KEYS[2]) == 1 then
  return {2, 'holds fields that groundlog did not write'}
end
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if redis.call('HEXISTS', KEYS[2], name) == 0 then
    return {1, 'holds packet ' .. name .. ', which this table did not put there'}
  end
end
redis.call('HSET', KEYS[2], '#layout', ARGV[1], ARGV[2], ARGV[3])
return {0, ''}
