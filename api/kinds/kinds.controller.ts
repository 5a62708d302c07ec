import { Controller, Get } from '@nestjs/common';
import { Requires } from '../http/permission.decorator.ts';
import { KindsService } from './kinds.service.ts';

@Controller('v1/runtime-kinds')
export class KindsController {
  readonly #kinds: KindsService;

  constructor(kinds: KindsService) {
    this.#kinds = kinds;
  }

  @Get()
  @Requires('runtime:read')
  list() {
    return this.#kinds.list();
  }
}
