import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { rootRoutes, routes } from '../../src/api/routes/index.ts';
import { alertWebhookSchema } from '../../src/domain/resources/alert.ts';
import { API } from '../../src/domain/resources/links.ts';
import { startApi, type TestApi } from './harness.ts';

let api: TestApi;
before(async () => { api = await startApi(); });
after(() => api.close());

test('the document is valid OpenAPI 3.1', async () => {
  const { body } = await api.send('GET', '/openapi.json', { token: null });
  assert.equal(body.openapi, '3.1.0');
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(body));
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(validator.version, '3.1');
});

test('each reference leads somewhere, and no schema only to itself', async () => {
  const { body } = await api.send('GET', '/openapi.json', { token: null });
  for (const [, name] of JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(body.components.schemas[name!], name);
    assert.equal(body.components.schemas[name!].$ref, undefined, name);
  }
});

test('every route that is served is in it, with its answer; and nothing else', async () => {
  const { body } = await api.send('GET', '/openapi.json', { token: null });
  const described = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)).sort();
  const served = [...rootRoutes.map((route) => `${route.method} ${route.path}`), ...routes.map((route) => `${route.method} ${API}${route.path}`)].sort();
  assert.deepEqual(described, served);
  for (const route of routes) {
    const operation = body.paths[API + route.path][route.method.toLowerCase()];
    assert.ok(operation.responses[route.status], `${route.method} ${route.path}`);
    if (route.status !== 204) assert.ok(operation.responses[route.status].content, `${route.method} ${route.path} says what it answers`);
    const named = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const parameters = (operation.parameters ?? []).filter((each: { in: string }) => each.in === 'path').map((each: { name: string }) => each.name);
    assert.deepEqual(parameters, named, `${route.method} ${route.path}`);
  }
});

test('both ways of signing in are said, and how a stream goes on', async () => {
  const { body } = await api.send('GET', '/openapi.json', { token: null });
  for (const way of body.security) for (const name of Object.keys(way)) assert.ok(body.components.securitySchemes[name], name);
  assert.deepEqual(body.security.map((way: object) => Object.keys(way)), [['bearer'], ['session', 'csrf']]);
  const names = body.paths[`${API}/stream`].get.parameters.map(({ name }: { name: string }) => name);
  assert.ok(names.includes('Last-Event-ID'), names.join());
});

test('operation ids differ', async () => {
  const { body } = await api.send('GET', '/openapi.json', { token: null });
  const ids = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  assert.equal(new Set(ids).size, ids.length);
});

test('each body has an example, and each example is what its schema takes', async () => {
  const { body } = await api.send('GET', '/openapi.json', { token: null });
  const wrong: string[] = [];
  for (const route of routes) {
    const operation = body.paths[API + route.path][route.method.toLowerCase()];
    const [sent, answered] = [operation.requestBody?.content['application/json'].example, operation.responses[route.status].content?.['application/json']?.example];
    if (route.body) check(`${route.method} ${route.path} takes`, route.body.safeParse(sent));
    if (route.answer && !route.produces) check(`${route.method} ${route.path} answers`, route.answer.safeParse(answered));
  }
  check('the webhook', alertWebhookSchema.safeParse(body.webhooks.incident.post.requestBody.content['application/json'].example));
  function check(what: string, { success, error }: { success: boolean; error?: { issues: readonly { path: PropertyKey[]; message: string }[] } | undefined }) {
    if (!success) wrong.push(`${what} ${error!.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`);
  }
  assert.deepEqual(wrong, []);
});
