/** A UUIDv7 of the day on which the first line was written; every id of the examples that no comment gives is made of it. */
export const EXAMPLE_UUID = '019a9f10-0000-7000-8000-000000000001';
