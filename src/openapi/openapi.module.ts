import { Module } from '@nestjs/common';
import { OpenapiController } from './openapi.controller.js';

/** The API document and the page that shows it. */
@Module({ controllers: [OpenapiController] })
export class OpenapiModule {}
