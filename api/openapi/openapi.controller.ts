import { Controller, Get, Header } from '@nestjs/common';
import { Public } from '../http/permission.decorator.ts';
import { DocumentText } from './document-text.ts';
import { REFERENCE_CSP, REFERENCE_PAGE, REFERENCE_START } from './reference-page.ts';

/** The document, and a page to read and try it, served without any other host. */
@Controller('v1')
export class OpenApiController {
  readonly #document: DocumentText;

  constructor(document: DocumentText) {
    this.#document = document;
  }

  @Get('openapi.json')
  @Public()
  @Header('content-type', 'application/json')
  document(): string {
    return this.#document.text;
  }

  @Get('reference')
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', REFERENCE_CSP)
  reference(): string {
    return REFERENCE_PAGE;
  }

  @Get('reference/start.js')
  @Public()
  @Header('content-type', 'text/javascript; charset=utf-8')
  start(): string {
    return REFERENCE_START;
  }
}
