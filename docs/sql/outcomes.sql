-- What became of the writes of each recording, and its exits to userspace.
SELECT
  recording,
  SUM(CASE WHEN event = 'write' THEN 1 ELSE 0 END) AS writes,
  SUM(CASE WHEN outcome = 'ioeventfd' THEN 1 ELSE 0 END) AS signals,
  SUM(CASE WHEN outcome = 'coalesced' THEN 1 ELSE 0 END) AS coalesced,
  SUM(CASE WHEN outcome = 'in-kernel' THEN 1 ELSE 0 END) AS in_kernel,
  SUM(CASE WHEN outcome = 'userspace' THEN 1 ELSE 0 END) AS to_userspace,
  SUM(CASE WHEN event = 'exit' THEN 1 ELSE 0 END) AS exits,
  SUM(CASE WHEN detail = 'KVM_EXIT_IO' THEN 1 ELSE 0 END) AS io_exits,
  SUM(CASE WHEN detail = 'KVM_EXIT_MMIO' THEN 1 ELSE 0 END) AS mmio_exits
FROM events
GROUP BY recording
ORDER BY recording
