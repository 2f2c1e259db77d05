-- The Chinese name of what a published figure measures.
-- 公布内容的中文名称。
create or replace temp macro published_measure_name(published_measure) as
case published_measure
    when 'initial_budget' then '年初预算'
    when 'adjustment' then '预算调整'
    when 'full_year_budget' then '全年预算'
    when 'executed' then '执行数'
    when 'received' then '收入数'
    when 'amount' then '金额'
    when 'execution_rate' then '执行率'
    when 'completion_of_initial' then '完成年初预算'
    when 'net_adjustment_rate' then '预算调整率'
    when 'allocation_rate' then '分配率'
    when 'yoy_amount' then '同比增减额'
    when 'yoy_rate' then '同比增幅'
    when 'share' then '占比'
    when 'lag_pp' then '与进度之差'
    when 'score' then '得分'
    when 'grade' then '等级'
end
