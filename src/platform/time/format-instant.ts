/** RFC 3339 in UTC with milliseconds: `2026-12-01T08:00:00.000Z`. */
export const formatInstant = (instant: Date): string => instant.toISOString();
