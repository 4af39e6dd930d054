import { describe, expect, it } from '@jest/globals';
import { BodyBudget } from './body-budget.js';

describe('the room for bodies', () => {
  it('is never passed by all together, nor by half of it by one key', () => {
    const budget = new BodyBudget(100);
    const [one, two, three] = [budget.open('one'), budget.open('two'), budget.open('three')];
    expect(one.take(50)).toBeNull();
    expect(one.take(1)?.code).toBe('too_busy');
    expect(budget.open('one').take(1)?.code).toBe('too_busy');
    expect(two.take(40)).toBeNull();
    expect(three.take(11)?.code).toBe('too_busy');
    expect(three.take(10)).toBeNull();
  });

  it('is given back once, when the request is over', () => {
    const budget = new BodyBudget(100);
    const one = budget.open('one');
    expect(one.take(30)).toBeNull();
    one.close();
    one.close();
    const [two, three] = [budget.open('one'), budget.open('two')];
    expect([two.take(50), three.take(50)]).toEqual([null, null]);
    expect(budget.open('three').take(1)?.code).toBe('too_busy');
  });
});
