-- Where writes exit to userspace most, over all recordings: candidates for an ioeventfd.
SELECT bus, address, len, name, COUNT(*) AS exits, COUNT(DISTINCT recording) AS recordings
FROM events
WHERE event = 'write' AND outcome = 'userspace'
GROUP BY bus, address, len, name
ORDER BY exits DESC, address
LIMIT 6
