import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { ConnectorEntity } from '../connectors/index.js';
import { ConnectorRegistry } from '../connectors/index.js';
import { Transactions, Tx } from '../platform/database/index.js';
import { idOf, Operation, OperatorRoute, PageQuery, RequestTx, Scopes, toList } from '../platform/http/index.js';
import { BrakeConnector } from './brake-connector.js';
import { toConnectorResponse, toLedgerEntryResponse } from './connector-responses.js';
import { ConnectorQueries } from './connector.queries.js';
import { CreateConnector } from './create-connector.js';
import { ConnectorDto, ConnectorListDto, CreateConnectorDto, LedgerDto, UpdateConnectorDto } from './dto/connector.dto.js';
import { PauseDto, ResumeDto } from './dto/pause.dto.js';
import { UpdateConnector } from './update-connector.js';

@ApiTags('Operator: connectors')
@OperatorRoute()
@Controller('v1/operator/connectors')
export class OperatorConnectorsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly registry: ConnectorRegistry,
    private readonly queries: ConnectorQueries,
    private readonly createConnector: CreateConnector,
    private readonly updateConnector: UpdateConnector,
    private readonly brakeConnector: BrakeConnector,
  ) {}

  /** Configures a connector. Its secrets are sealed and never answered. */
  @Operation('createConnector', { sets: ['Location'] })
  @Scopes('connectors:write')
  @Post()
  async create(
    @RequestTx() tx: Tx,
    @Body() body: CreateConnectorDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ConnectorDto> {
    const connector = await this.createConnector.execute(tx, {
      name: body.name,
      type: body.type,
      config: body.config ?? {},
      currencies: body.currencies ?? null,
      method_types: body.method_types ?? null,
      max_concurrency: body.max_concurrency ?? null,
      rate_per_second: body.rate_per_second ?? null,
      limits: body.limits ?? {},
    });
    const answer = this.toResponse(connector);
    response.setHeader('Location', `/v1/operator/connectors/${answer.id}`);
    return answer;
  }

  /** All connectors, newest first. */
  @Operation('listConnectors')
  @Scopes('read')
  @Get()
  async list(@Query() page: PageQuery): Promise<ConnectorListDto> {
    return toList(await this.transactions.asEngine((tx) => this.queries.list(tx, page)), (connector) =>
      this.toResponse(connector),
    );
  }

  /** One connector. */
  @Operation('getConnector')
  @Scopes('read')
  @Get(':id')
  async get(@Param('id', idOf('connector')) id: string): Promise<ConnectorDto> {
    return this.toResponse(await this.transactions.asEngine((tx) => this.queries.get(tx, id)));
  }

  /** Changes what is given; `config` member by member, so that no secret needs to be sent again. */
  @Operation('updateConnector')
  @Scopes('connectors:write')
  @Patch(':id')
  async update(
    @RequestTx() tx: Tx,
    @Param('id', idOf('connector')) connectorId: string,
    @Body() body: UpdateConnectorDto,
  ): Promise<ConnectorDto> {
    const { name, config, currencies, method_types, max_concurrency, rate_per_second, limits } = body;
    return this.toResponse(
      await this.updateConnector.execute(tx, {
        connectorId,
        name,
        config,
        currencies,
        method_types,
        max_concurrency,
        rate_per_second,
        limits,
      }),
    );
  }

  /** What a connector of type `sandbox` has paid, newest first, append-only. */
  @Operation('listConnectorLedger', { refuses: ['no_ledger'] })
  @Scopes('read')
  @Get(':id/ledger')
  async ledger(@Param('id', idOf('connector')) id: string, @Query() page: PageQuery): Promise<LedgerDto> {
    return toList(await this.transactions.asEngine((tx) => this.queries.ledger(tx, id, page)), toLedgerEntryResponse);
  }

  /** No payout is claimed for this connector until it is resumed. What was claimed before goes on. */
  @Operation('pauseConnector')
  @Scopes('brakes:write')
  @Post(':id/pause')
  @HttpCode(200)
  async pause(
    @RequestTx() tx: Tx,
    @Param('id', idOf('connector')) connectorId: string,
    @Body() { reason }: PauseDto,
  ): Promise<ConnectorDto> {
    return this.toResponse(await this.brakeConnector.execute(tx, { connectorId, brake: { paused: true, reason } }));
  }

  /** Lets the connector go on, whoever paused it; overdue payouts run at once. */
  @Operation('resumeConnector')
  @Scopes('brakes:write')
  @Post(':id/resume')
  @HttpCode(200)
  async resume(
    @RequestTx() tx: Tx,
    @Param('id', idOf('connector')) connectorId: string,
    @Body() { reason = null }: ResumeDto,
  ): Promise<ConnectorDto> {
    return this.toResponse(await this.brakeConnector.execute(tx, { connectorId, brake: { paused: false, reason } }));
  }

  private toResponse(connector: ConnectorEntity): ConnectorDto {
    return toConnectorResponse(connector, this.registry.shownConfig(connector));
  }
}
