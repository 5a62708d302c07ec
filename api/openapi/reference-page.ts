import { createRequire } from 'node:module';
import path from 'node:path';

/** Addresses are relative to /v1/, so that the page also works behind a proxy that adds a prefix. */
export const REFERENCE_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>RuntimeAI API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="reference/swagger-ui.css">
  </head>
  <body>
    <div id="reference"></div>
    <script src="reference/swagger-ui-bundle.js"></script>
    <script src="reference/start.js"></script>
  </body>
</html>
`;

export const REFERENCE_START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
});
`;

/** Nothing from elsewhere and no inline script; Swagger UI sets inline styles and data images. */
export const REFERENCE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const UI_FOLDER = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const UI_FILES = ['/swagger-ui.css', '/swagger-ui-bundle.js'];

/** What @fastify/static serves: the two files the page needs, from the installed package. */
export const REFERENCE_FILES = {
  root: UI_FOLDER,
  prefix: '/v1/reference/',
  index: false as const,
  decorateReply: false,
  allowedPath: (file: string) => UI_FILES.includes(file),
};
