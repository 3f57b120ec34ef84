-- Sends requests with the tokens of a file in turn, and prints what wrk measured as JSON.
-- wrk … -s wrk.lua URL -- TOKENS POSITION
local PERCENTILES = {"1", "10", "25", "50", "75", "90", "95", "99", "99.9"}
local requests = {}
local position

function init(arguments)
  position = tonumber(arguments[2])
  for token in io.lines(arguments[1]) do
    wrk.headers["Authorization"] = "Bearer " .. token
    requests[#requests + 1] = wrk.format("GET")
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local waits = {}
  for _, text in ipairs(PERCENTILES) do
    waits[#waits + 1] = string.format('"%s": %d', text, latency:percentile(tonumber(text)))
  end
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "failures": %d, "waits": {%s}}\n',
    summary.requests, summary.duration, failures, table.concat(waits, ", ")))
end
