-- Ends wrk's output with one line that a program can read. Latencies in microseconds.
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'REPORT {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end

-- A body of so many bytes with each request.
local upload = tonumber(os.getenv("PROPYLON_BENCH_UPLOAD") or "0")
if upload > 0 then
  wrk.method = "POST"
  wrk.body = string.rep("0123456789abcde\n", upload / 16)
  wrk.headers["Content-Type"] = "application/octet-stream"
end
