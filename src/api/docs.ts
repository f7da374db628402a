import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Express } from 'express';

/** Everything from this origin; the viewer's own styles are inline. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reeve API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main id="viewer"><noscript>This viewer needs JavaScript; the same is in <a href="/openapi.json">/openapi.json</a>.</noscript></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#viewer', deepLinking: true, tryItOutEnabled: true, persistAuthorization: false,
  validatorUrl: null, docExpansion: 'list', defaultModelsExpandDepth: 0,
});
`;

/** `/docs`: Swagger UI from our own node_modules, so that it also works where nothing else can be reached. */
export function serveDocs(app: Express): void {
  const files = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  app.use('/docs', (_request, response, next) => {
    response.setHeader('content-security-policy', POLICY);
    response.locals.route = '/docs';
    next();
  });
  app.get('/docs', (_request, response) => void response.type('html').send(PAGE));
  app.get('/docs/start.js', (_request, response) => void response.type('js').send(START));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    app.get(`/docs/${file}`, (_request, response, next) => response.sendFile(file, { root: files, maxAge: '1h' }, (error) => error && next(error)));
  }
}
