-- lock - locks of two seats over HTTP by wrk: pair after pair through all showtimes, each pair once.
--
--     wrk -s lock.lua URL -- SHOWTIMES PAIRS_EACH TOKEN...
--
-- A buyer takes PAIRS_EACH pairs of a showtime, as many as one may hold.

local headers = { ["Content-Type"] = "application/json" }
local tokens, showtimes, each = {}, 1, 1
local n = 0

function init(args)
  showtimes, each = tonumber(args[1]), tonumber(args[2])
  for i = 3, #args do tokens[#tokens + 1] = "Bearer " .. args[i] end
end

function request()
  local showtime, pair = n % showtimes + 1, math.floor(n / showtimes) % (each * #tokens)
  n = n + 1
  headers["Authorization"] = tokens[math.floor(pair / each) + 1]
  return wrk.format("POST", "/api/showtimes/" .. showtime .. "/locks", headers,
    '{"seats":[' .. 2 * pair + 1 .. ',' .. 2 * pair + 2 .. ']}')
end
