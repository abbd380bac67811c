-- Notes targets at a partition's checkpoint and moves it, forward only.
-- KEYS  1 the checkpoint
-- ARGV  1 epoch, 2 the first offset that is not in the table ('' to leave it), then targets
-- Returns 0 where the epoch is another, and nothing is written; else 1.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return 0
end
for i = 3, #ARGV do
  redis.call('HSET', KEYS[1], 'target:' .. ARGV[i], '')
end
if ARGV[2] ~= '' and tonumber(ARGV[2]) > tonumber(redis.call('HGET', KEYS[1], 'next')) then
  redis.call('HSET', KEYS[1], 'next', ARGV[2])
end
return 1
