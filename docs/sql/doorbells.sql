-- The doorbell table of `ioeventfd replay`, over any number of recordings.
SELECT
  recording, bus, address, registration, doorbell_len, datamatch,
  COUNT(*) AS writes,
  SUM(CASE WHEN outcome = 'ioeventfd' THEN 1 ELSE 0 END) AS signals,
  SUM(CASE WHEN outcome = 'coalesced' THEN 1 ELSE 0 END) AS coalesced,
  SUM(CASE WHEN outcome = 'in-kernel' THEN 1 ELSE 0 END) AS in_kernel,
  SUM(CASE WHEN outcome = 'userspace' THEN 1 ELSE 0 END) AS exited,
  MIN(time_ns) AS first_ns,
  MAX(time_ns) AS last_ns,
  AVG(gap_ns) AS gap_mean,
  MIN(gap_ns) AS gap_min,
  MAX(gap_ns) AS gap_max,
  vm
FROM events
WHERE event = 'write'
GROUP BY recording, vm, bus, address, registration, doorbell_len, datamatch
HAVING registration <> 'none'
ORDER BY recording, bus, address, doorbell_len, datamatch
