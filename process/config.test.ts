import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { governanceOf, readConfig } from './config.ts';
import { configurationPage } from './config-docs.ts';

const DATABASE = { RUNTIMEAI_DATABASE_URL: 'postgres://runtimeai_app@127.0.0.1/runtimeai' };
const GOVERNANCE = {
  RUNTIMEAI_LLM_API_BASE_URL: 'http://llm.svc',
  RUNTIMEAI_GUARDRAILS_API_URL: 'http://guardrails.svc',
  RUNTIMEAI_SANDBOX_API_URL: 'http://sandbox.svc',
  RUNTIMEAI_DATA_ACCESS_API_URL: 'http://data.svc',
  RUNTIMEAI_OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel.svc:4318',
};

describe('configuration', () => {
  it('names every bad and missing variable in one error', () => {
    expect(() => readConfig({ RUNTIMEAI_API_PORT: 'eighty', RUNTIMEAI_AGENT_SCHEDULING: '{' })).toThrow(
      /RUNTIMEAI_DATABASE_URL[\s\S]*RUNTIMEAI_API_PORT[\s\S]*RUNTIMEAI_AGENT_SCHEDULING: is not JSON[\s\S]*docs\/configuration\.md/,
    );
  });

  it('takes an empty variable as not set', () => {
    expect(readConfig({ ...DATABASE, RUNTIMEAI_API_PORT: '' }).RUNTIMEAI_API_PORT).toBe(8080);
  });

  it('has no governance settings while one of the five is missing', () => {
    expect(governanceOf(readConfig({ ...DATABASE, ...GOVERNANCE }))?.llmApiBaseUrl).toBe('http://llm.svc');
    const { RUNTIMEAI_SANDBOX_API_URL: _, ...four } = GOVERNANCE;
    expect(governanceOf(readConfig({ ...DATABASE, ...four }))).toBeUndefined();
  });

  it('refuses a governed endpoint that the chart would refuse', () => {
    const RUNTIMEAI_LLM_API_BASE_URL = 'https://someone:secret@llm.svc';
    expect(() => readConfig({ ...DATABASE, RUNTIMEAI_LLM_API_BASE_URL })).toThrow(
      /RUNTIMEAI_LLM_API_BASE_URL: must be an http or https URL without credentials/,
    );
  });

  it('refuses unknown fields in a JSON setting', () => {
    expect(() => readConfig({ ...DATABASE, RUNTIMEAI_AGENT_SCHEDULING: '{"nodeselector":{}}' })).toThrow(
      /Unrecognized key/,
    );
  });

  it('takes a price table, and names what in one is wrong', () => {
    const prices = { cpuHour: 0.04, gibHour: 0.005, gpuHour: 1, storageGibMonth: 0.1, unit: 'EUR' };
    const given = (table: object) => readConfig({ ...DATABASE, RUNTIMEAI_PRICES: JSON.stringify(table) });
    expect(given(prices).RUNTIMEAI_PRICES).toEqual(prices);
    expect(() => given({ ...prices, cpuHour: -1 })).toThrow(/RUNTIMEAI_PRICES\.cpuHour/);
  });

  it('is documented: docs/configuration.md is what npm run docs writes', () => {
    expect(readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')).toBe(
      configurationPage(),
    );
  });
});
